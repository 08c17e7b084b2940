import { switchPower } from '../power.ts';
import type { Step } from './types.ts';

/** Sets the boot device to the network, for good as netboot needs it, and power cycles. */
export const START_RAMDISK: Step = {
  name: 'start_ramdisk',
  title: 'Powering on from the network',
  async run(context) {
    const { driver, node } = await context.machine();
    const { signal } = context;
    await driver.setBootDevice(node, 'pxe', { persistent: true, signal });
    await context.observe('boot_device.changed', 'boot device: pxe', { device: 'pxe' });
    await switchPower(context, 'rebooting');
  },
};
