import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { apiSocketPath } from '../../lab/conductor.ts';
import { enroll } from '../../lab/deploy.ts';
import { waitForSerial } from '../../lab/serial.ts';
import { logIn, openKeyboard } from '../../lab/typing.ts';
import { USER_LOGIN } from '../../lab/userImage.ts';
import { fillWithGarbage, makeE2eLab } from '../e2e/support.ts';

const CLI = join(import.meta.dirname, '../../bin/ironpxe');
const LOGIN_TIMEOUT_MS = 600_000;
const ASK_TIMEOUT_MS = 300_000;

const FILES = {
  'base.yaml': `#cloud-config
write_files:
  - {path: /root/from-config, content: "written by cloud-config\\n"}
`,
  'setup.sh': '#!/bin/sh\necho "written by a script on $(hostname)" >/root/from-script\n',
  'key.pub': 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFrZXlmb3JhdGVzdG9uYW1hY2hpbmUhIQ me@lab\n',
};

for (const firmware of ['bios', 'uefi'] as const)
  test.serial(
    `${firmware}: what its config drive says reaches a machine that starts by its own GRUB`,
    async (t) => {
      await using lab = await makeE2eLab({ name: 'e2e-cloud', variant: 'cloud', firmware });
      const [node] = lab.hardware.nodes;
      if (!node) throw new Error('there is no machine');
      const folder = await mkdtemp(join(tmpdir(), 'ironpxe-cloud-'));
      t.teardown(() => rm(folder, { recursive: true }));
      for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
      const at = (name: keyof typeof FILES) => join(folder, name);
      await fillWithGarbage(node);
      const { api } = lab.conductor();
      const uuid = await enroll(api, node, new AbortController().signal);
      const capabilities = JSON.stringify({ boot_option: 'local' });
      const { rootPath } = lab.image;
      const options = {
        image: rootPath,
        'root-gb': '2',
        'swap-mb': '64',
        'instance-info': `capabilities=${capabilities}`,
        hostname: 'web1',
        'ssh-key': at('key.pub'),
        url: `unix:${apiSocketPath(lab.hardware.stateDir)}`,
      };
      const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
      const userData = ['--user-data', at('base.yaml'), '--user-data', at('setup.sh')];
      const type = ['--instance-info', 'image_type=partition'];
      await execa(CLI, ['node', 'deploy', node.name, ...given, ...type, ...userData]);
      // The drive is a secret, and the machine starts from its disk from now on.
      const shown = await api.get<{ instance_info: { configdrive?: string } }>(`/v1/nodes/${uuid}`);
      t.is(shown.instance_info.configdrive, '******');
      const device = await api.get(`/v1/nodes/${uuid}/management/boot_device`);
      t.like(device, { boot_device: 'disk', persistent: true });

      const login = await waitForSerial(node.serialLogPath, /web1 login: /, {
        timeoutMs: LOGIN_TIMEOUT_MS,
      });
      await using keyboard = await openKeyboard(lab.hardware, node);
      const { password } = USER_LOGIN;
      await logIn(keyboard, node.serialLogPath, { fromOffset: login.endOffset - 1, password });
      const ask = (command: string) => keyboard.ask(command, { timeoutMs: ASK_TIMEOUT_MS });
      t.regex(await ask('cloud-init status --wait'), /status: done/);
      t.regex(
        await ask('cat /root/.ssh/authorized_keys'),
        /AAAAIGFrZXlmb3JhdGVzdG9uYW1hY2hpbmUhIQ/,
      );
      t.regex(await ask('cat /root/from-config'), /written by cloud-config/);
      t.regex(await ask('cat /root/from-script'), /written by a script on web1/);
      t.regex(await ask('cat /proc/cmdline'), /BOOT_IMAGE=\/boot\/vmlinuz\S* root=UUID=/);
      const started = await ask(
        'ls /sys/firmware/efi >/dev/null 2>&1 && echo by UEFI || echo by BIOS',
      );
      t.regex(started, firmware === 'uefi' ? /^by UEFI/m : /^by BIOS/m);
      t.log(await ask('systemd-analyze; systemd-analyze blame | head -n 8'));
    },
  );
