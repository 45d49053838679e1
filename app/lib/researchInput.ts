/** Owns reading a workflow's input back: what was asked, and of which documents. */
import type { Json } from 'run-ledger'

/** A type, not an interface: it must be JSON to be a workflow's input. */
export type StoredDocument = {
  name: string
  ref: string
  chars: number
}

export function questionIn(input: Json): string | null {
  const question = fieldsOf(input)?.['question']
  return typeof question === 'string' && question !== '' ? question : null
}

export function documentsIn(input: Json): readonly StoredDocument[] {
  const documents = fieldsOf(input)?.['documents']
  if (!Array.isArray(documents)) return []
  return documents.flatMap((each: Json) => {
    const fields = fieldsOf(each)
    const [name, ref, chars] = [fields?.['name'], fields?.['ref'], fields?.['chars']]
    if (typeof name !== 'string' || typeof ref !== 'string') return []
    return [{ name, ref, chars: typeof chars === 'number' ? chars : 0 }]
  })
}

function fieldsOf(json: Json): { readonly [key: string]: Json } | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null
  // An array was ruled out; the type guard does not reach readonly ones.
  return json as { readonly [key: string]: Json }
}
