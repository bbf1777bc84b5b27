declare const unit: unique symbol

/** A number that remembers its unit: two units do not mix, a bare number is no unit, yet nothing exists at run time. */
export type Brand<Base, Unit extends string> = Base & { readonly [unit]: Unit }
