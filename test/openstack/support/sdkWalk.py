"""Enroll, deploy, undeploy and delete a node through openstacksdk, as a user's program does.

The cloud comes from the OS_* variables, the machine from the JSON of the first argument: fields of the
node, its MAC, and what it shall run. What was seen is printed as JSON.
"""
import json
import sys

import openstack

machine = json.loads(sys.argv[1])
timeout = machine['timeout']

baremetal = openstack.connect(load_envvars=True, load_yaml_config=False).baremetal
seen = {}

node = baremetal.create_node(
    name='by-sdk', resource_class='sdk', provision_state='enroll', **machine['node'])
seen['enrolled'] = node.provision_state
baremetal.create_port(node_id=node.id, address=machine['address'])
assert [port.address for port in baremetal.ports(node=node.id)] == [machine['address']]

baremetal.set_node_provision_state(node, 'manage', wait=True, timeout=timeout)
baremetal.set_node_provision_state(node, 'provide', wait=True, timeout=timeout)
baremetal.set_node_traits(node, ['CUSTOM_SDK'])

allocation = baremetal.create_allocation(name='by-sdk', resource_class='sdk', traits=['CUSTOM_SDK'])
allocation = baremetal.wait_for_allocation(allocation, timeout=timeout)
seen['allocated'] = allocation.node_id == node.id

node = baremetal.update_node(node.id, instance_info=machine['instance_info'])
validated = baremetal.validate_node(node, required=('deploy', 'power', 'management'))
seen['validated'] = all(validated[name].result for name in ('deploy', 'power', 'management'))
drive = {'meta_data': {'hostname': 'by-sdk'}, 'user_data': 'text', 'network_data': {}}
node = baremetal.set_node_provision_state(
    node, 'active', config_drive=drive, wait=True, timeout=timeout)
seen['deployed'] = node.provision_state
baremetal.set_node_power_state(node, 'power on')
baremetal.wait_for_node_power_state(node, 'power on', timeout=timeout)
seen['power'] = baremetal.get_node(node.id).power_state

baremetal.set_node_provision_state(node, 'deleted', wait=True, timeout=timeout)
seen['undeployed'] = baremetal.get_node(node.id).provision_state
baremetal.delete_node(node.id)
seen['gone'] = baremetal.find_node('by-sdk') is None
print(json.dumps(seen))
