"""Reserve, provision and unprovision a node through metalsmith, as a user's program does.

The cloud comes from the OS_* variables. What was seen is printed as JSON.
"""
import json

import openstack
from metalsmith import Provisioner
from metalsmith.instance_config import CloudInitConfig
from metalsmith.sources import HttpWholeDiskImage

TIMEOUT_SECONDS = 300

region = openstack.config.OpenStackConfig(load_yaml_config=False).get_one()
provisioner = Provisioner(cloud_region=region)
baremetal = provisioner.connection.baremetal
seen = {}

node = provisioner.reserve_node('smith', capabilities={'boot_mode': 'uefi'}, hostname='smith-1')
seen['reserved'] = node.name
instance = provisioner.provision_node(
    node, HttpWholeDiskImage('http://127.0.0.1/x.img', checksum='0' * 64), root_size_gb=9,
    config=CloudInitConfig(ssh_keys=['ssh-ed25519 AAAA me@here']), hostname='smith-1')
[instance] = provisioner.wait_for_provisioning([node], timeout=TIMEOUT_SECONDS)
seen['state'] = instance.state.value
seen['image'] = instance.node.instance_info['image_source']
seen['drive'] = instance.node.instance_info['configdrive']
seen['hostname'] = instance.hostname
seen['allocated'] = instance.allocation.state
node = provisioner.unprovision_node(node, wait=TIMEOUT_SECONDS)
seen['unprovisioned'] = node.provision_state
seen['freed'] = list(baremetal.allocations()) == []
print(json.dumps(seen))
