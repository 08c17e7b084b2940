import test from 'ava';
import { FakeRoot } from './shell.ts';

/** A controller as nvme-cli 2.3 shows it; each look at the log takes the next of `states`. */
const nvme = (sanicap: string, states: readonly string[]): string => `
disk=nvme0n1 node=/dev/nvme0n1 WORK=$SYSROOT
disk_bytes() { echo 655360000; }
sleep() { :; }
refuse() { echo "refused: $1"; exit 3; }
fail() { echo "failed: $1"; exit 1; }
nvme() {
  case $1 in
  id-ctrl) echo 'fna       : 0x4'; echo 'sanicap   : ${sanicap}' ;;
  sanitize) echo "asked: $*" >&3 ;;
  sanitize-log)
    looks=$(($(cat $SYSROOT/looks 2>/dev/null || echo 0) + 1))
    echo $looks >$SYSROOT/looks
    set -- ${states.join(' ')}
    eval "state=\\\${$looks}"
    echo "Sanitize Progress                      (SPROG) :  \${state%/*}"
    echo "Sanitize Status                        (SSTAT) :  \${state#*/}" ;;
  esac
}
exec 3>&1
`;

async function erase(way: string, sanicap: string, states: readonly string[]): Promise<string[]> {
  await using root = await FakeRoot.create({});
  const { stdout } = await root.run(`${nvme(sanicap, states)}\nerase_disk ${way}`);
  return stdout.split('\n');
}

test('a sanitize tells how far it is, up to its end', async (t) => {
  t.deepEqual(await erase('nvme_sanitize', '0x2', ['16384/0x2', '49152/0x2', '65535/0x101']), [
    '= nvme_sanitize 0 655360000',
    'asked: sanitize /dev/nvme0 --sanact=2',
    '= nvme_sanitize 163840000 655360000',
    '= nvme_sanitize 491520000 655360000',
    '= nvme_sanitize 655360000 655360000',
  ]);
  const crypto = await erase('nvme_sanitize_crypto', '0x3', ['65535/0x1']);
  t.true(crypto.includes('asked: sanitize /dev/nvme0 --sanact=4'));
});

test('a sanitize that fails is no erase', async (t) => {
  const lines = await erase('nvme_sanitize', '0x2', ['16384/0x2', '16384/0x3']);
  t.is(lines.at(-1), 'failed: nvme_sanitize of /dev/nvme0n1 failed: status 0x3.');
});

test('a controller that cannot is not asked to', async (t) => {
  const text = 'cannot do nvme_sanitize, or the ramdisk has no nvme program.';
  t.deepEqual(await erase('nvme_sanitize', '0x1', []), [`refused: /dev/nvme0n1 ${text}`]);
  const crypto = await erase('nvme_sanitize_crypto', '0x2', []);
  t.regex(crypto[0] ?? '', /^refused: .* cannot do nvme_sanitize_crypto/);
});

test('the frame that lldptool shows raw comes after the name and eight digits', async (t) => {
  await using root = await FakeRoot.create({});
  const { stdout } = await root.run(`
    lldptool() {
      echo 'cmd: M00000001C3010000000204eth0000000007f'
      echo 'rsp: R00C3010000000204eth00000007f02070402aabbccdd01040a05457468312f370000'
    }
    lldp_heard eth0
    lldptool() { echo 'rsp: R00C3010000000204eth00000007f'; }
    lldp_heard eth0`);
  t.deepEqual(stdout.split('\n').filter(Boolean), ['02070402aabbccdd01040a05457468312f370000']);
});
