import type { FileSource, Fill, TargetDisk } from '../plan/types.ts';
import type { Share } from './link.ts';

/** A disk as an initiator shows it: it may tell that its zeros cross the network. */
type RemoteDisk = TargetDisk & { readonly zeroing?: string };

/** The same disk, whose writes wait for their share of the link. Reads are small and pass. */
export function limitDisk(disk: RemoteDisk, share: Share, signal: AbortSignal): TargetDisk {
  return {
    sizeBytes: disk.sizeBytes,
    blockSizeBytes: disk.blockSizeBytes,
    async write(offsetBytes, data) {
      await share.take(data.length, signal);
      return disk.write(offsetBytes, data);
    },
    async zero(offsetBytes, lengthBytes) {
      if (disk.zeroing === 'write') await share.take(lengthBytes, signal);
      return disk.zero(offsetBytes, lengthBytes);
    },
    ...(disk.writeFrom && {
      async writeFrom(offsetBytes: number, lengthBytes: number, fill: Fill) {
        await share.take(lengthBytes, signal);
        await disk.writeFrom?.(offsetBytes, lengthBytes, fill);
      },
    }),
    ...(disk.copy && {
      async copy(source: FileSource, targetOffsetBytes: number, lengthBytes: number) {
        await share.take(lengthBytes, signal);
        await disk.copy?.(source, targetOffsetBytes, lengthBytes);
      },
    }),
    read: (offsetBytes, lengthBytes) => disk.read(offsetBytes, lengthBytes),
    flush: () => disk.flush(),
  };
}
