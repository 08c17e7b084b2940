import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { freeUdpPort } from '../../drivers/support/ipmiSim.ts';

/**
 * A BMC of OpenIPMI's ipmi_sim for the KCS interface of a QEMU machine.
 * @param address what the BMC says that its LAN has
 * @returns the TCP port to which QEMU's `ipmi-bmc-extern` connects
 */
export async function startBmc(
  folder: string,
  address: string,
): Promise<AsyncDisposable & { readonly port: number }> {
  const port = await freeTcpPort();
  const files = {
    'lan.conf': `name "bmc"
set_working_mc 0x20
startlan 1
  addr 127.0.0.1 ${await freeUdpPort()}
  priv_limit admin
  allowed_auths_admin none md5 straight
  guid a123456789abcdefa123456789abcdef
  lan_config_program "${folder}/lan"
endlan
serial 15 127.0.0.1 ${port} codec VM
user 2 true "operator" "swordfish-41" admin 10 none md5 straight
`,
    commands: `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
`,
    lan: `#!/bin/sh
# get NAME…: the parameters of the LAN, a line each.
[ "$1" = get ] || exit 0
shift
for name; do
  case $name in
  ip_addr) echo "ip_addr:${address}" ;;
  ip_addr_src) echo 'ip_addr_src:static' ;;
  mac_addr) echo 'mac_addr:02:00:00:00:00:01' ;;
  subnet_mask) echo 'subnet_mask:255.255.255.0' ;;
  *) echo "$name:0.0.0.0" ;;
  esac
done
`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await chmod(join(folder, 'lan'), 0o700);
  await mkdir(join(folder, 'state'));
  const args = ['-n', '-c', 'lan.conf', '-f', 'commands', '-s', 'state'];
  const child = spawn('ipmi_sim', args, { cwd: folder, stdio: 'ignore' });
  return {
    port,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
