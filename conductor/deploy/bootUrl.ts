import type { Config } from '../config/schema.ts';
import { contains, tryParseIpv4 } from '../values/ipv4.ts';

/** The URL by which a machine at `address` reaches the conductor: its subnet's, else the common one. */
export function bootUrlFor(config: Config, address: string): string {
  const ip = tryParseIpv4(address);
  const subnet = ip && config.dhcp.subnets.find(({ cidr }) => contains(cidr, ip));
  return subnet?.http_url ?? config.boot_http.url;
}
