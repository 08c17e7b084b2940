import { escapeXml } from '../conductor/drivers/ssh/xml.ts';

const FOLDER = '/usr/share/OVMF';

/** The `<os>` of a machine with UEFI, which keeps its variables in the file at `nvramPath`. */
export function uefiXml(nvramPath: string): string {
  return `<type arch='x86_64' machine='q35'>hvm</type>
    <loader readonly='yes' type='pflash'>${FOLDER}/OVMF_CODE_4M.fd</loader>
    <nvram template='${FOLDER}/OVMF_VARS_4M.fd'>${escapeXml(nvramPath)}</nvram>`;
}

/**
 * A network card without a boot ROM of its own, so that it is the firmware that boots from it. The
 * card's ROM would be iPXE, which cannot start shim.
 */
export const WITHOUT_ROM = `<rom enabled='no'/>`;

/** Lets OVMF boot over HTTP at once: it would try PXE first, for a minute. */
export const HTTP_ONLY = `<sysinfo type='fwcfg'>
    <entry name='opt/org.tianocore/IPv4PXESupport'>n</entry>
    <entry name='opt/org.tianocore/IPv6PXESupport'>n</entry>
  </sysinfo>`;
