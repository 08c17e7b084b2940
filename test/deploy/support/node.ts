import type { Node } from '../../../conductor/store/types.ts';

/** A node that waits for a deploy, with the given fields. */
export function nodeWith(fields: Partial<Node>): Node {
  return {
    uuid: '11111111-1111-4111-8111-111111111111',
    name: null,
    driver: 'pxe_ssh',
    chassisUuid: null,
    driverInfo: {},
    driverInternalInfo: {},
    instanceInfo: {},
    instanceUuid: null,
    properties: {},
    extra: {},
    resourceClass: null,
    provisionState: 'available',
    targetProvisionState: null,
    provisionUpdatedAt: null,
    powerState: null,
    targetPowerState: null,
    lastError: null,
    maintenance: false,
    maintenanceReason: null,
    automatedClean: null,
    protected: false,
    protectedReason: null,
    owner: null,
    description: null,
    reservation: null,
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: null,
    ...fields,
  };
}
