import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { ByteGate } from '../../conductor/iscsi/byteGate.ts';

test('holds back in order what does not fit, and lets go on errors too', async (t) => {
  const gate = new ByteGate(10);
  const started: string[] = [];
  const doors = new Map<string, PromiseWithResolvers<void>>();
  const enter = (name: string, bytes: number): Promise<void> => {
    const door = Promise.withResolvers<void>();
    doors.set(name, door);
    return gate.hold(bytes, () => {
      started.push(name);
      return door.promise;
    });
  };
  const a = enter('a', 6);
  const b = enter('b', 6);
  const c = enter('c', 4);
  await setImmediate();
  t.deepEqual(started, ['a']);
  doors.get('a')?.reject(new Error('a failed'));
  await t.throwsAsync(a, { message: 'a failed' });
  await setImmediate();
  t.deepEqual(started, ['a', 'b', 'c']);
  doors.get('b')?.resolve();
  doors.get('c')?.resolve();
  await Promise.all([b, c]);
});

test('more than the limit goes alone', async (t) => {
  const gate = new ByteGate(10);
  t.is(await gate.hold(100, () => Promise.resolve('in')), 'in');
});
