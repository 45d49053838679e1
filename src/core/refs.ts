/**
 * Owns finding what an event refers to: any text kept elsewhere goes by the name `ref`, whoever wrote it.
 */

/** Every reference in a value, in the order they stand there. The value is plain JSON within bounds. */
export function refsIn(value: unknown): readonly string[] {
  const found: string[] = []
  const walk = (each: unknown): void => {
    if (typeof each !== 'object' || each === null) return
    for (const [key, member] of Object.entries(each)) {
      if (key === 'ref' && typeof member === 'string') found.push(member)
      else walk(member)
    }
  }
  walk(value)
  return found
}
