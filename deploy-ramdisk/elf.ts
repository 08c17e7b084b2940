const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1;
const DT_STRTAB = 5;

type Segment = {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly sizeBytes: number;
};

/**
 * The shared libraries that a 64-bit little-endian ELF file asks for (DT_NEEDED), in order;
 * none for a static program or a file of another kind. ELF-64 Object File Format 1.5, "Dynamic".
 */
export function neededLibraries(file: Buffer): readonly string[] {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2) return [];
  const segments = readSegments(file);
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  if (!dynamic) return [];
  const entries = readDynamic(file, dynamic);
  const strings = entries.find(([tag]) => tag === DT_STRTAB)?.[1] ?? 0;
  const home = segments.find((s) => s.type === PT_LOAD && holds(s, strings));
  if (!home) return [];
  const start = strings - home.address + home.offset;
  return entries.filter(([tag]) => tag === DT_NEEDED).map(([, at]) => text(file, start + at));
}

function holds(segment: Segment, address: number): boolean {
  return address >= segment.address && address < segment.address + segment.sizeBytes;
}

function readSegments(file: Buffer): readonly Segment[] {
  const start = Number(file.readBigUInt64LE(32));
  const each = file.readUInt16LE(54);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * each;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      sizeBytes: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}

function readDynamic(file: Buffer, { offset, sizeBytes }: Segment): (readonly [number, number])[] {
  return Array.from({ length: Math.floor(sizeBytes / 16) }, (_, index) => {
    const at = offset + index * 16;
    return [Number(file.readBigInt64LE(at)), Number(file.readBigUInt64LE(at + 8))] as const;
  });
}

function text(file: Buffer, at: number): string {
  return file.toString('latin1', at, file.indexOf(0, at));
}
