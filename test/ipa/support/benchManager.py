"""The hardware of a machine that is a file: one NIC by name, one disk behind a loop device."""

import os

from ironic_python_agent import hardware

DISK = os.environ['BENCH_DISK']
MAC = os.environ['BENCH_MAC']


class BenchManager(hardware.HardwareManager):
    HARDWARE_MANAGER_NAME = 'BenchManager'
    HARDWARE_MANAGER_VERSION = '1'

    def evaluate_hardware_support(self):
        return hardware.HardwareSupport.SERVICE_PROVIDER

    def list_network_interfaces(self):
        return [hardware.NetworkInterface('eth0', MAC, ipv4_address='127.0.0.1',
                                          has_carrier=True)]

    def get_cpus(self):
        return hardware.CPU('a CPU', '2000', 2, 'x86_64', flags=['vmx'])

    def get_memory(self):
        return hardware.Memory(4 * 1024 ** 3, physical_mb=4096)

    def list_block_devices(self, include_partitions=False):
        return [hardware.BlockDevice(DISK, 'file', 20 * 1024 ** 3, False)]

    def list_hardware_info(self):
        # Agents from 9.5 on tell of it.
        later = getattr(hardware, 'SystemFirmware', None)
        firmware = [later('nobody', '1', '2026')] if later else []
        return {
            'interfaces': self.list_network_interfaces(),
            'cpu': self.get_cpus(),
            'disks': self.list_block_devices(),
            'memory': self.get_memory(),
            'bmc_address': None,
            'system_vendor': hardware.SystemVendorInfo('bench', 'S1', 'nobody', *firmware),
            'boot': hardware.BootInfo('bios', MAC),
            'hostname': 'bench',
        }

    def get_boot_info(self):
        return hardware.BootInfo('bios', MAC)

    def get_os_install_device(self, permit_refresh=False):
        return DISK

    def wait_for_disks(self):
        pass

    def generate_tls_certificate(self, ip_address):
        from ironic_python_agent import tls_utils
        return tls_utils.generate_tls_certificate(ip_address)

    def get_clean_steps(self, node, ports):
        return [{'interface': 'deploy', 'step': 'wipe_bench', 'priority': 99,
                 'reboot_requested': False, 'abortable': True}]

    def get_deploy_steps(self, node, ports):
        return []

    def wipe_bench(self, node, ports):
        with open(DISK, 'r+b') as disk:
            disk.write(b'\0' * 1024 ** 2)

    def collect_lldp_data(self, interface_names=None):
        return {}
