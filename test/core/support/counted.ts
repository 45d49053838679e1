/** Work counted as what is read: a value whose every read and every listing of keys is told, however deep. */
export function counted<Value extends object>(value: Value, count: (by: number) => void): Value {
  // One object is one proxy: code that compares what it reads must find the same thing twice.
  const seen = new WeakMap<object, object>()
  const wrap = (inner: unknown): unknown => {
    if (typeof inner !== 'object' || inner === null) return inner
    const known = seen.get(inner)
    if (known !== undefined) return known
    const proxy = new Proxy(inner, {
      get(target, key) {
        count(1)
        return wrap(Reflect.get(target, key))
      },
      ownKeys(target) {
        const keys = Reflect.ownKeys(target)
        count(keys.length)
        return keys
      },
    })
    seen.set(inner, proxy)
    return proxy
  }
  return wrap(value) as Value
}
