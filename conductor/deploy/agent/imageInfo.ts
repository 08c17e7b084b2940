import type { JsonObject } from '../../store/types.ts';
import type { DeployRequest } from '../request.ts';

/** What `standby.prepare_image` is told. */
export type AgentImage = {
  readonly nodeUuid: string;
  readonly url: string;
  readonly sha256: string;
  /** Base64 of a gzipped image. */
  readonly configDrive: string | undefined;
};

const MIB_PER_GIB = 1024;

/**
 * The parameters of `standby.prepare_image`, by the names of Ironic's agent: a raw image that it
 * streams onto the disk, and the sizes of the partitions where the image is that of one.
 */
export function imageParams(
  request: DeployRequest,
  { nodeUuid, url, sha256, configDrive }: AgentImage,
): JsonObject {
  const image = {
    id: `${nodeUuid}-${sha256.slice(0, 16)}`,
    urls: [url],
    os_hash_algo: 'sha256',
    os_hash_value: sha256,
    disk_format: 'raw',
    container_format: 'bare',
    stream_raw_images: true,
    node_uuid: nodeUuid,
    ...(request.wholeDisk ? { image_type: 'whole-disk-image' } : partitions(request)),
  };
  return { image_info: image, ...(configDrive !== undefined && { configdrive: configDrive }) };
}

function partitions(request: DeployRequest): JsonObject {
  return {
    image_type: 'partition',
    root_mb: request.rootGib * MIB_PER_GIB,
    swap_mb: request.swapMib,
    ephemeral_mb: request.ephemeralGib * MIB_PER_GIB,
    ephemeral_format: request.ephemeralFormat,
    preserve_ephemeral: request.preserveEphemeral,
    boot_option: request.bootsFromDisk ? 'local' : 'netboot',
    deploy_boot_mode: request.bootMode ?? 'bios',
    disk_label: request.diskLabel ?? (request.bootMode === 'uefi' ? 'gpt' : 'msdos'),
  };
}
