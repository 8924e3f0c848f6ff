import * as opaWasm from '@open-policy-agent/opa-wasm';
import type { Json } from '../model/json.ts';

type LoadedPolicy = opaWasm.LoadedPolicy;
// The package's types name its exports, its ESM file puts them on the default export.
const opa = (opaWasm as unknown as { readonly default: Pick<typeof opaWasm, 'loadPolicySync'> }).default;

const points = ['request', 'chunk', 'tool_use', 'admin'] as const;
const page = 65536;
/** Results whose text is remembered, and the longest such text: most requests are decided like one before. */
const remembered = 256;
const rememberedLength = 8192;

// Node's types leave WebAssembly to the DOM library; this is all of it that is used here.
type WasmModule = { readonly module?: never };
type WasmMemory = { readonly buffer: ArrayBuffer; grow(pages: number): number };
const { WebAssembly: wasmRuntime } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
    readonly LinkError: ErrorConstructor;
  };
};

export interface EngineOptions {
  /** Upper bound of one instance's memory; an evaluation that needs more throws. Default 64 MiB. */
  readonly maxMemoryBytes?: number;
  /** An instance that grew beyond this is thrown away, since its memory never shrinks. Default 16 MiB. */
  readonly keepMemoryBytes?: number;
}

/** Evaluates the entrypoints of one compiled bundle. */
export interface Engine {
  /**
   * The raw result of an entrypoint, e.g. `sallyport/request`. Strings are made well-formed first. Results of equal
   * text may be one object: it must not be changed.
   *
   * @throws Error when policy throws or traps, or when the result is undefined. The instance is thrown away then: an
   *   error that unwinds through WASM leaks its stack pointer, and an instance used on is dead after some hundred.
   */
  evaluate(entrypoint: string, input: { readonly [key: string]: Json }): unknown;
  readonly entrypoints: readonly string[];
  /** How many instances were thrown away so far. */
  readonly discarded: number;
}

/**
 * Compiles a module of `opa build -t wasm` and loads the bundle's data.
 *
 * @throws Error when the module does not compile, needs a builtin that WASM does not have (calling one would fail only
 *   at run time), or wants more memory than the maximum.
 */
export function createEngine(wasm: Uint8Array<ArrayBuffer>, data: Json, options: EngineOptions = {}): Engine {
  const maximum = Math.floor((options.maxMemoryBytes ?? 64 * 1024 * 1024) / page);
  const keep = options.keepMemoryBytes ?? 16 * 1024 * 1024;
  const module = compile(wasm);
  const results = new Map<string, readonly unknown[]>();
  let instance = instantiate(module, data, maximum);
  const missing = builtins(instance);
  if (missing.length > 0) throw new Error(`the policy needs builtins that WASM does not have: ${missing.join(', ')}`);
  const entrypoints = Object.keys(instance.entrypoints);
  let discarded = 0;

  function discard(): void {
    discarded += 1;
    instance = instantiate(module, data, maximum);
  }

  return {
    entrypoints,
    get discarded() {
      return discarded;
    },
    evaluate(entrypoint, input) {
      let text = JSON.stringify(input);
      // JSON.stringify spells a lone surrogate as an escape, which the parser inside refuses by throwing.
      if (text.includes('\\ud')) text = JSON.stringify(wellFormed(input));
      let result: readonly unknown[];
      try {
        const resultText = run(instance, entrypoint, text);
        result = results.get(resultText) ?? (JSON.parse(resultText) as readonly unknown[]);
        if (results.size >= remembered) results.clear();
        if (resultText.length <= rememberedLength) results.set(resultText, result);
      } catch (thrown) {
        discard();
        throw new Error(`policy threw: ${describe(thrown)}`, { cause: thrown });
      }
      if (internals(instance).mem.buffer.byteLength > keep) discard();
      if (result.length !== 1) throw new Error(`${entrypoint} is undefined for this input`);
      return (result[0] as { result?: unknown }).result;
    },
  };
}

/**
 * One evaluation: the package's own `evaluate` (OPA WASM ABI 1.2, `opa_eval`) without its copies of the input, its
 * search for the end of the result byte by byte, and a parse of a result that is known. Gives the result's text.
 */
function run(policy: LoadedPolicy, entrypoint: string, input: string): string {
  const { mem, wasmInstance, dataAddr, dataHeapPtr } = internals(policy);
  const index = Object.hasOwn(policy.entrypoints, entrypoint) ? policy.entrypoints[entrypoint]! : null;
  if (index === null) throw new Error(`there is no entrypoint ${entrypoint}`);
  // A UTF-16 unit has at most three bytes of UTF-8.
  const missing = dataHeapPtr + input.length * 3 - mem.buffer.byteLength;
  if (missing > 0) mem.grow(Math.ceil(missing / page));
  const length = Buffer.from(mem.buffer).write(input, dataHeapPtr, 'utf8');
  const { opa_eval } = wasmInstance.exports;
  const address = opa_eval(0, index, dataAddr, dataHeapPtr, length, dataHeapPtr + length, 0);
  return textAt(mem, address);
}

/** The entrypoints every bundle has to have. */
export const requiredEntrypoints: readonly string[] = points.map((point) => `sallyport/${point}`);

function compile(wasm: Uint8Array<ArrayBuffer>): WasmModule {
  try {
    return new wasmRuntime.Module(wasm);
  } catch (thrown) {
    throw new Error(`policy.wasm does not compile: ${describe(thrown)}`, { cause: thrown });
  }
}

/** A module states its least memory only in its import section: try, and double while it refuses. */
function instantiate(module: WasmModule, data: Json, maximum: number): LoadedPolicy {
  for (let initial = 8; ; initial *= 2) {
    try {
      const policy = opa.loadPolicySync(module, { initial: Math.min(initial, maximum), maximum });
      policy.setData(data as object);
      return policy;
    } catch (thrown) {
      if (!(thrown instanceof wasmRuntime.LinkError) || initial >= maximum) {
        throw new Error(`the policy cannot be instantiated: ${describe(thrown)}`, { cause: thrown });
      }
    }
  }
}

/** What the package keeps of an instance: memory, and where data ends and input may begin in it. */
interface Internals {
  readonly mem: WasmMemory;
  readonly dataAddr: number;
  readonly dataHeapPtr: number;
  readonly wasmInstance: {
    readonly exports: {
      builtins(): number;
      opa_json_dump(address: number): number;
      opa_eval(
        reserved: 0,
        entrypoint: number,
        data: number,
        input: number,
        inputLength: number,
        heap: number,
        format: 0,
      ): number;
    };
  };
}

function internals(policy: LoadedPolicy): Internals {
  return policy as unknown as Internals;
}

/** The text at an address, up to its NUL. */
function textAt(mem: WasmMemory, address: number): string {
  const bytes = Buffer.from(mem.buffer);
  return bytes.toString('utf8', address, bytes.indexOf(0, address));
}

/** Names of the builtins the module wants from its host (OPA WASM ABI, export `builtins`); we offer none. */
function builtins(policy: LoadedPolicy): string[] {
  const { mem, wasmInstance } = internals(policy);
  const address = wasmInstance.exports.opa_json_dump(wasmInstance.exports.builtins());
  return Object.keys(JSON.parse(textAt(mem, address)) as object).sort();
}

/** The value with every lone surrogate, in strings and in keys, as U+FFFD. */
function wellFormed(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(wellFormed);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key.toWellFormed(), wellFormed(entry)]));
}

// What unwinds through WASM is an Error, a plain string or a plain object.
function describe(thrown: unknown): string {
  if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`;
  if (typeof thrown === 'string') return thrown;
  return JSON.stringify(thrown) ?? String(thrown);
}
