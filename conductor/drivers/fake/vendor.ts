import { IronpxeError } from '../../errors/error.ts';
import type { VendorMethod } from '../types.ts';

/** A method that tells whether `bar` is a certain word. */
function comparing(
  name: string,
  word: string,
  rules: Pick<VendorMethod, 'async' | 'needsLock'>,
): VendorMethod {
  return {
    httpMethods: ['POST'],
    ...rules,
    description: `Test if the value of bar is ${word}`,
    call(_node, { bar }) {
      if (bar === undefined || bar === null || bar === '')
        throw new IronpxeError(
          'INVALID_REQUEST',
          `Parameter 'bar' not passed to method '${name}'.`,
        );
      return bar === word;
    },
  };
}

/** The vendor methods of Ironic's fake-hardware, by which clients test their side. */
export const FAKE_VENDOR_METHODS: Readonly<Record<string, VendorMethod>> = {
  second_method: comparing('second_method', 'kazoo', { async: true, needsLock: true }),
  third_method_sync: comparing('third_method_sync', 'meow', { async: false, needsLock: true }),
  fourth_method_shared_lock: comparing('fourth_method_shared_lock', 'woof', {
    async: true,
    needsLock: false,
  }),
};
