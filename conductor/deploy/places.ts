import { join } from 'node:path';
import type { Config } from '../config/schema.ts';

/** Folder for an operation's own files: the disk plan and its skeleton. Gone when it ends. */
export function operationDir(config: Config, operationUuid: string): string {
  return join(config.state_dir, 'operations', operationUuid);
}

/** Folder for the kernel and ramdisk that a node boots for as long as its instance lives. */
export function bootDir(config: Config, nodeUuid: string): string {
  return join(config.state_dir, 'boot', nodeUuid);
}

/** Folder for images that a node's BMC fetches for its virtual drives. */
export function mediaDir(config: Config, nodeUuid: string): string {
  return join(mediaRoot(config), nodeUuid);
}

/** What holds these folders. */
export function mediaRoot(config: Config): string {
  return join(config.state_dir, 'virtual_media');
}

/** Folder of the image cache. */
export function imageCacheDir(config: Config): string {
  return join(config.state_dir, 'images');
}

/** The database file. */
export function databasePath(config: Config): string {
  return join(config.state_dir, 'ironpxe.sqlite');
}
