import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { createManualDesk } from '../deploy/manualDesk.ts';
import { createRamdiskSwitch } from '../deploy/ramdiskSwitch.ts';
import type { DriverOptions } from '../drivers/registry.ts';
import type { Database } from '../store/database.ts';

/** Settings of the drivers from the configuration. */
export function driverOptions(config: Config, database: Database): DriverOptions {
  const { ipmi, redfish, power, manual } = config;
  const softDeadlineMs = power.soft_timeout_seconds * 1000;
  return {
    fake: { delays: config.fake },
    ssh: {
      libvirtUri: config.ssh.libvirt_uri,
      knownHostsFile: join(config.state_dir, 'known_hosts'),
    },
    ipmi: {
      minIntervalMs: ipmi.min_command_interval_seconds * 1000,
      retryForMs: ipmi.command_retry_timeout_seconds * 1000,
      softDeadlineMs,
    },
    redfish: {
      connectTimeoutMs: redfish.connect_timeout_seconds * 1000,
      readTimeoutMs: redfish.read_timeout_seconds * 1000,
      busyForMs: redfish.busy_timeout_seconds * 1000,
      softDeadlineMs,
    },
    manual: {
      desk: createManualDesk(database),
      ramdisk: createRamdiskSwitch(database),
      timeoutSeconds: manual.timeout_seconds,
    },
  };
}
