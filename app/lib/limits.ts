/** Owns reading a limit a person typed. */

/** The number; null for no limit; undefined for what is no whole number. */
export function readLimit(text: string): number | null | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return null
  return /^\d{1,6}$/.test(trimmed) ? Number(trimmed) : undefined
}
