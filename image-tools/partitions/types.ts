/** One partition of a disk, in bytes. */
export type DiskPartition = {
  /** As the kernel counts: 1 to 4 and from 5 for logical ones, or the place in the GPT. */
  readonly number: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** MBR: two hex digits; GPT: the type GUID in lower case. */
  readonly type: string;
  /** GPT only. */
  readonly name?: string;
  /** GPT only: its own GUID, which `root=PARTUUID=` names. */
  readonly uuid?: string;
};

export type PartitionTable = {
  readonly label: 'mbr' | 'gpt';
  readonly sectorBytes: number;
  readonly partitions: readonly DiskPartition[];
};

/** GPT type of an EFI system partition, and the two of /boot. */
export const ESP_TYPE = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
