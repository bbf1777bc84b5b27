type Whole = bigint | string | number | boolean | undefined | null | Uint8Array

/** The same data, not writable at any depth (bytes are taken as whole values). */
export type DeepReadonly<T> = T extends Whole
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
