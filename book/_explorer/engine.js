// The kernels of tptools.kmc.engine as a WebAssembly module, and the memory that they work in.

const PAGE = 65536;
const STACK = PAGE; // the first page is the stack, growing down
const ALIGNMENT = 16;
const ARRAYS = {
  uint8: Uint8Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
};

// What the module needs of the C library.
const LIBRARY = { log: Math.log, log1p: Math.log1p, pow: Math.pow };

export class Engine {
  // `description` says which arguments functions take: "functions" and "structures".
  constructor(module, description) {
    this.description = description;
    this.memory = new WebAssembly.Memory({ initial: 2 });
    const given = {
      ...LIBRARY,
      __linear_memory: this.memory,
      __stack_pointer: new WebAssembly.Global({ value: "i32", mutable: true }, STACK),
    };
    this.exports = new WebAssembly.Instance(module, { env: given }).exports;
    this.clear();
  }

  // Forget all arrays.
  clear() {
    this.end = STACK + ALIGNMENT; // before it, where functions put what they return
  }

  // A new array of zeros; only its view changes when memory grows.
  array(type, ...shape) {
    const length = shape.reduce((product, one) => product * one, 1);
    const offset = this.end;
    const bytes = length * ARRAYS[type].BYTES_PER_ELEMENT;
    this.end = Math.ceil((offset + bytes) / ALIGNMENT) * ALIGNMENT;
    const missing = this.end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    const buffer = () => this.memory.buffer;
    const array = {
      type,
      shape,
      offset,
      length,
      get view() {
        return new ARRAYS[type](buffer(), offset, length);
      },
    };
    array.view.fill(type.endsWith("64") && type !== "float64" ? 0n : 0);
    return array;
  }

  // A new array that holds these values, of one dimension unless a shape is given.
  copy(values, ...shape) {
    const [type] = Object.entries(ARRAYS).find(([, kind]) => values instanceof kind);
    const array = this.array(type, ...(shape.length ? shape : [values.length]));
    array.view.set(values);
    return array;
  }

  // Call a function with arguments by name; structures are objects with their fields.
  call(name, values) {
    const given = this.flat(this.description.functions[name], values);
    const status = this.exports[name](STACK, STACK, ...given);
    if (status !== 0) throw new Error(`${name} returned ${status}`);
  }

  // Arguments as numba passes them: structures field by field, arrays with sizes and strides.
  flat(layout, values) {
    const { structures } = this.description;
    return layout.flatMap(([name, type]) => {
      const value = values[name];
      if (type in structures) return this.flat(structures[type], value);
      if (type.endsWith("]")) return flatArray(value);
      if (type.endsWith("int64")) return BigInt(value);
      return Number(value);
    });
  }
}

function flatArray(array) {
  const itemSize = ARRAYS[array.type].BYTES_PER_ELEMENT;
  const strides = array.shape.map((_, axis) =>
    BigInt(array.shape.slice(axis + 1).reduce((product, one) => product * one, itemSize)),
  );
  const shape = array.shape.map(BigInt);
  return [0, 0, BigInt(array.length), BigInt(itemSize), array.offset, ...shape, ...strides];
}
