import { isDeepStrictEqual } from 'node:util';
import { IronpxeError } from '../../errors/error.ts';
import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import type { JsonObject } from '../json.ts';
import { requiredArg } from '../node/common.ts';
import { readFields } from './fields.ts';
import { findImage, imagePath } from './find.ts';

/** `ironpxe image add` */
export const imageAdd: Command = {
  name: 'image add',
  summary: 'Give an image a name, with all that a deploy of it needs',
  args: ['NAME', 'NAME.json|FILE|URL'],
  options: {
    kernel: { value: 'URL', what: 'The kernel that machines boot (partition images).' },
    ramdisk: { value: 'URL', what: 'The initial ramdisk that goes with the kernel.' },
    'root-gb': { value: 'N', what: 'Size of the root partition in GiB when a deploy says none.' },
    'kernel-options': {
      value: 'TEXT',
      what: 'Kernel parameters; %default% stands for those of the configuration.',
    },
    'root-device': { value: 'TEXT', what: 'What stands behind root=, such as LABEL=root.' },
    'kernel-line': { value: 'TEXT', what: 'The whole kernel line, in place of both.' },
    checksum: { value: 'HEX', what: 'Checksum of the image (md5, sha256 or sha512, by length).' },
    format: { value: 'raw|qcow2', what: 'Format of the image; by default its first bytes tell.' },
    'whole-disk': { what: 'The image is a whole disk with its own partition table.' },
    replace: { what: 'Also when the name stands for another image already.' },
  },
  text: [
    'The files stay where they are: http(s):// or, for the conductor to read, in one of its folders',
    '(images.file_url_allowed_paths). A NAME.json of atomic-to-pxe brings everything along. Run',
    'again with the same data, it does nothing.',
  ].join('\n'),
  examples: [
    'ironpxe image add fedora-atomic /var/lib/ironpxe/images/fedora-atomic.json',
    'ironpxe image add debian http://192.0.2.1/debian.qcow2 --root-gb 10 \\\n    --kernel http://192.0.2.1/vmlinuz --ramdisk http://192.0.2.1/initrd.img',
    'ironpxe image add appliance /var/lib/ironpxe/images/appliance.raw --whole-disk',
  ],
  run: add,
};

async function add(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const name = requiredArg(invocation, 0, 'NAME');
  const fields = await readFields(invocation, requiredArg(invocation, 1, 'NAME.json, FILE or URL'));
  const before = await findImage(client, name);
  const isSame = before !== undefined && isDeepStrictEqual(fieldsOf(before), fields);
  if (before !== undefined && !isSame && !invocation.flag('replace'))
    throw new IronpxeError(
      'IMAGE_NAME_TAKEN',
      `The name "${name}" stands for ${before.image_source} with other data already.`,
    );
  const image = isSame ? before : await client.send('PUT', imagePath(name), fields);
  const said = isSame ? 'is there already, with the same data' : 'is known';
  const next = `Deploy it with "ironpxe node deploy NODE --image ${name}".`;
  io.out(json ? `${JSON.stringify({ image })}\n` : `${name} ${said}. ${next}\n`);
  return EXIT.ok.status;
}

function fieldsOf(image: JsonObject): JsonObject {
  const { name: _, created_at: __, updated_at: ___, ...fields } = image;
  return fields;
}
