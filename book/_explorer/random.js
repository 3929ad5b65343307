// The streams of chance of tptools.randomness: numpy's SeedSequence, in numbers of 32 bits.

const POOL_SIZE = 4;
const XSHIFT = 16;
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;

// Returns a function that hashes one number after the other, with a constant that moves on.
function hasher(constant, multiplier) {
  return (value) => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, multiplier);
    const product = Math.imul(mixed, constant);
    return (product ^ (product >>> XSHIFT)) >>> 0;
  };
}

function mix(left, right) {
  const sum = (Math.imul(MIX_LEFT, left) - Math.imul(MIX_RIGHT, right)) | 0;
  return (sum ^ (sum >>> XSHIFT)) >>> 0;
}

// Words of 32 bits of a whole number of at least 0, the lowest first.
function words(seed) {
  const found = [];
  for (let left = BigInt(seed); left > 0n; left >>= 32n) found.push(Number(left & 0xffffffffn));
  return found.length ? found : [0];
}

// Entropy of a seed and of the key of its stream, in a pool of four words.
function pool(seed, spawnKey) {
  const entropy = words(seed);
  while (entropy.length < POOL_SIZE) entropy.push(0);
  entropy.push(...spawnKey);
  const hash = hasher(0x43b0d7e5, 0x931e8875);
  const pool = entropy.slice(0, POOL_SIZE).map(hash);
  for (let from = 0; from < POOL_SIZE; from++)
    for (let to = 0; to < POOL_SIZE; to++)
      if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
  for (const word of entropy.slice(POOL_SIZE))
    for (let to = 0; to < POOL_SIZE; to++) pool[to] = mix(pool[to], hash(word));
  return pool;
}

// First numbers of 64 bits of a stream, as of SeedSequence(seed, spawn_key).generate_state.
export function generateState(seed, spawnKey, count) {
  const source = pool(seed, spawnKey);
  const hash = hasher(0x8b51f9dd, 0x58f38ded);
  const state = new BigUint64Array(count);
  for (let i = 0; i < count; i++) {
    const low = BigInt(hash(source[(2 * i) % POOL_SIZE]));
    state[i] = low | (BigInt(hash(source[(2 * i + 1) % POOL_SIZE])) << 32n);
  }
  return state;
}
