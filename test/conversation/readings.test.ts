import { describe, expect, it } from 'vitest';
import { Readings } from '../../src/conversation/readings.ts';
import { GatewayError } from '../../src/errors.ts';

const one = { number: 1 };
const two = { number: 2 };
const away = async () => {
  throw new GatewayError('STATE_UNAVAILABLE');
};

describe('what was read of the shared store', () => {
  it('serves until it is in doubt, and is read anew then', async () => {
    const readings = new Readings({ max: 10, freshMs: 60_000 });
    expect(await readings.read('a', async () => one)).toBe(one);
    expect(readings.fresh('a')).toBe(one);
    readings.doubt();
    expect(readings.fresh('a')).toBeUndefined();
    expect(await readings.read('a', async () => two)).toBe(two);
    expect(readings.fresh('a')).toBe(two);
  });

  it('goes on serving while the store is away, however old it is', async () => {
    const readings = new Readings({ max: 10, freshMs: 0 });
    await readings.read('a', async () => one);
    expect(readings.fresh('a')).toBeUndefined();
    readings.doubt();
    expect(await readings.read('a', away)).toBe(one);
    await expect(readings.read('b', away)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
  });

  it('does not hide a fault that is not the store’s absence', async () => {
    const readings = new Readings({ max: 10, freshMs: 0 });
    await readings.read('a', async () => one);
    await expect(
      readings.read('a', async () => {
        throw new TypeError('it cannot be opened');
      }),
    ).rejects.toThrow('it cannot be opened');
  });

  it('serves no more once it was changed here, and keeps nothing that was being read meanwhile', async () => {
    const readings = new Readings({ max: 10, freshMs: 60_000 });
    await readings.read('a', async () => one);
    const reading = readings.read('a', async () => {
      readings.changed('a');
      return one;
    });
    expect(await reading).toBe(one);
    expect(readings.last('a')).toBeUndefined();
    await expect(readings.read('a', away)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
  });
});
