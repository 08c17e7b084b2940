/** Domain XML as libvirt 9.0 gives it, shortened: boot order inside the devices. */
export const PER_DEVICE = `<domain type='qemu'>
  <name>node-1</name>
  <uuid>aadf78ca-0b18-4986-aa17-168b2604dd48</uuid>
  <memory unit='KiB'>524288</memory>
  <os>
    <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>
    <bios useserial='yes'/>
  </os>
  <on_reboot>restart</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='unsafe'/>
      <source file='/images/a &amp; b.raw'/>
      <target dev='vda' bus='virtio'/>
      <boot order='2'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/>
    </disk>
    <disk type='file' device='cdrom'>
      <target dev='sda' bus='sata'/>
      <boot order='3'/>
      <readonly/>
    </disk>
    <interface type='ethernet'>
      <mac address='52:54:00:1A:B0:01'/>
      <target dev='tap1' managed='no'/>
      <model type='virtio'/>
      <boot order='1'/>
    </interface>
    <interface type='network'>
      <mac address='52:54:00:1a:b0:02'/>
      <source network='default'/>
    </interface>
    <graphics type='vnc' port='-1' autoport='yes' passwd='secret'/>
  </devices>
</domain>`;

/** The other way: one list in `os`, as virt-install writes it. */
export const OS_LIST = `<?xml version='1.0'?>
<!-- <boot dev='fd'/> in a comment is none -->
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>it&apos;s "quoted" &#x263a;</name>
  <uuid>0b1f0b0c-55ab-4c4b-9d9b-0f2f3f1f5a11</uuid>
  <metadata>
    <other:data xmlns:other='urn:other'><other:text>kept</other:text></other:data>
  </metadata>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <boot dev='hd'/>
    <boot dev='network'/>
    <bootmenu enable='no'/>
  </os>
  <devices>
    <disk type='block' device='disk'><target dev='vda' bus='virtio'/></disk>
    <interface type='bridge'><mac address='52:54:00:00:00:0b'/></interface>
  </devices>
</domain>`;
