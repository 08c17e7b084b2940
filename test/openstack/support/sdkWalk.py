"""Enroll, deploy, undeploy and delete a node through openstacksdk, as a user's program does.

The cloud comes from the OS_* variables. What was seen is printed as JSON.
"""
import json

import openstack

baremetal = openstack.connect(load_envvars=True, load_yaml_config=False).baremetal
seen = {}

node = baremetal.create_node(
    driver='fake-hardware', name='by-sdk', resource_class='sdk', provision_state='enroll',
    properties={'cpus': 2, 'memory_mb': 1024, 'local_gb': 10, 'cpu_arch': 'x86_64'})
seen['enrolled'] = node.provision_state
baremetal.create_port(node_id=node.id, address='52:54:00:aa:bb:cc')
assert [port.address for port in baremetal.ports(node=node.id)] == ['52:54:00:aa:bb:cc']

baremetal.set_node_provision_state(node, 'manage', wait=True, timeout=120)
baremetal.set_node_provision_state(node, 'provide', wait=True, timeout=120)
baremetal.set_node_traits(node, ['CUSTOM_SDK'])
validated = baremetal.validate_node(node, required=('deploy', 'power', 'management'))
seen['validated'] = all(validated[name].result for name in ('deploy', 'power', 'management'))

allocation = baremetal.create_allocation(name='by-sdk', resource_class='sdk', traits=['CUSTOM_SDK'])
allocation = baremetal.wait_for_allocation(allocation, timeout=120)
seen['allocated'] = allocation.node_id == node.id

node = baremetal.update_node(
    node.id, instance_info={'image_source': 'http://127.0.0.1/x.img', 'image_checksum': 'abc'})
drive = {'meta_data': {'hostname': 'by-sdk'}, 'user_data': 'text', 'network_data': {}}
node = baremetal.set_node_provision_state(
    node, 'active', config_drive=drive, wait=True, timeout=120)
seen['deployed'] = node.provision_state
baremetal.set_node_power_state(node, 'power on')
baremetal.wait_for_node_power_state(node, 'power on', timeout=120)
seen['power'] = baremetal.get_node(node.id).power_state

baremetal.set_node_provision_state(node, 'deleted', wait=True, timeout=120)
seen['undeployed'] = baremetal.get_node(node.id).provision_state
baremetal.delete_node(node.id)
seen['gone'] = baremetal.find_node('by-sdk') is None
print(json.dumps(seen))
