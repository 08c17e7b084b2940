// Enroll, deploy, undeploy and delete a node of fake-hardware through gophercloud, as Metal3 and
// Terraform do: each call accepts one status code only, and answers fill typed structures.
// The arguments are the address of the API and a version. What was seen is printed as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/baremetal/noauth"
	"github.com/gophercloud/gophercloud/openstack/baremetal/v1/allocations"
	"github.com/gophercloud/gophercloud/openstack/baremetal/v1/drivers"
	"github.com/gophercloud/gophercloud/openstack/baremetal/v1/nodes"
	"github.com/gophercloud/gophercloud/openstack/baremetal/v1/ports"
	"github.com/gophercloud/gophercloud/pagination"
)

var client *gophercloud.ServiceClient

func check(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func until(what string, isSo func() bool) {
	for deadline := time.Now().Add(2 * time.Minute); !isSo(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			check(what, fmt.Errorf("not so after two minutes"))
		}
	}
}

func show(id string) *nodes.Node {
	node, err := nodes.Get(client, id).Extract()
	check("get", err)
	return node
}

func provision(id string, state string, opts nodes.ProvisionStateOpts) string {
	check(string(opts.Target), nodes.ChangeProvisionState(client, id, opts).ExtractErr())
	until(state, func() bool { return show(id).ProvisionState == state })
	return state
}

// One page: this gophercloud looks for links to the next one where Ironic has never put them.
func list() (names []string) {
	pager := nodes.ListDetail(client, nodes.ListOpts{ResourceClass: "go", SortKey: "name", SortDir: "asc"})
	check("list", pager.EachPage(func(page pagination.Page) (bool, error) {
		all, err := nodes.ExtractNodes(page)
		for _, each := range all {
			names = append(names, each.Name)
		}
		return true, err
	}))
	return
}

func isValid(id string) bool {
	validation, err := nodes.Validate(client, id).Extract()
	check("validate", err)
	return validation.Deploy.Result && validation.Power.Result && validation.Management.Result
}

func bootDevice(id string) string {
	opts := nodes.BootDeviceOpts{BootDevice: "pxe", Persistent: true}
	check("set boot device", nodes.SetBootDevice(client, id, opts).ExtractErr())
	_, err := nodes.GetSupportedBootDevices(client, id).Extract()
	check("supported boot devices", err)
	device, err := nodes.GetBootDevice(client, id).Extract()
	check("boot device", err)
	return device.BootDevice
}

func allocate(id string) bool {
	opts := allocations.CreateOpts{Name: "by-go", ResourceClass: "go"}
	made, err := allocations.Create(client, opts).Extract()
	check("allocate", err)
	until("allocated", func() bool {
		allocation, err := allocations.Get(client, made.UUID).Extract()
		check("allocation", err)
		return allocation.State == "active" && allocation.NodeUUID == id
	})
	check("free", allocations.Delete(client, made.UUID).ExtractErr())
	return true
}

func main() {
	var err error
	client, err = noauth.NewBareMetalNoAuth(noauth.EndpointOpts{IronicEndpoint: os.Args[1] + "/v1"})
	check("client", err)
	client.Microversion = os.Args[2]
	seen := map[string]interface{}{}

	driver, err := drivers.GetDriverDetails(client, "fake-hardware").Extract()
	check("driver", err)
	seen["driver"] = driver.Name
	node, err := nodes.Create(client, nodes.CreateOpts{
		Driver: "fake-hardware", Name: "by-go", ResourceClass: "go",
		Properties: map[string]interface{}{"cpu_arch": "x86_64", "capabilities": "boot_mode:uefi"},
	}).Extract()
	check("create", err)
	seen["enrolled"] = node.ProvisionState
	other, err := nodes.Create(client, nodes.CreateOpts{
		Driver: "fake-hardware", Name: "other", ResourceClass: "go",
	}).Extract()
	check("create", err)
	seen["listed"] = list()
	check("delete", nodes.Delete(client, other.UUID).ExtractErr())

	isBootable := true
	port, err := ports.Create(client, ports.CreateOpts{
		NodeUUID: node.UUID, Address: "52:54:00:aa:bb:dd", PXEEnabled: &isBootable,
	}).Extract()
	check("create port", err)
	seen["port"] = port.Address

	provision(node.UUID, "manageable", nodes.ProvisionStateOpts{Target: nodes.TargetManage})
	provision(node.UUID, "available", nodes.ProvisionStateOpts{Target: nodes.TargetProvide})
	seen["valid"] = isValid(node.UUID)
	seen["bootDevice"] = bootDevice(node.UUID)
	seen["allocated"] = allocate(node.UUID)
	updated, err := nodes.Update(client, node.UUID, nodes.UpdateOpts{nodes.UpdateOperation{
		Op: nodes.AddOp, Path: "/instance_info",
		Value: map[string]interface{}{"image_source": "http://127.0.0.1/x.img", "image_checksum": "abc"},
	}}).Extract()
	check("update", err)
	seen["image"] = updated.InstanceInfo["image_source"]
	seen["deployed"] = provision(node.UUID, "active", nodes.ProvisionStateOpts{
		Target:      nodes.TargetActive,
		ConfigDrive: nodes.ConfigDrive{MetaData: map[string]interface{}{"name": "by-go"}, UserData: "text"},
	})
	power := nodes.PowerStateOpts{Target: nodes.SoftPowerOff, Timeout: 60}
	check("power", nodes.ChangePowerState(client, node.UUID, power).ExtractErr())
	until("power off", func() bool { return show(node.UUID).PowerState == "power off" })
	seen["undeployed"] = provision(node.UUID, "available", nodes.ProvisionStateOpts{Target: nodes.TargetDeleted})
	check("delete", nodes.Delete(client, node.UUID).ExtractErr())
	_, isGone := nodes.Get(client, node.UUID).Err.(gophercloud.ErrDefault404)
	seen["gone"] = isGone
	check("print", json.NewEncoder(os.Stdout).Encode(seen))
}
