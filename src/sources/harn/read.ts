/** Owns telling what a file is: one run record, several in a list or a line each, or a session bundle around one. */
import type { Json } from '../../core/entities.ts'
import { clean, IMPORT_LIMITS } from './clean.ts'
import type { JsonObject } from './records.ts'
import { isObject } from './records.ts'
import type { ReportBuilder } from './report.ts'

export interface Found {
  record: JsonObject
  /** The bundle it came in, without the record. */
  bundle: JsonObject | null
}

/** The run records of a file. What is none is reported. */
export function findRecords(input: unknown, report: ReportBuilder): readonly Found[] {
  const documents =
    typeof input === 'string'
      ? parse(input, report)
      : Array.isArray(input)
        ? inList(input)
        : [{ path: 'run', value: input }]
  if (documents.length === 0) report.skip('file', 'It holds no records.')
  return documents.flatMap(({ path, value }) => {
    const content = clean(value, path, report)
    const found = recordIn(content)
    if (found === null) report.skip(path, whatIsIt(content))
    return found === null ? [] : [found]
  })
}

interface Document {
  path: string
  value: unknown
}

const inList = (values: readonly unknown[]): Document[] =>
  values.map((value, at) => ({ path: `[${at}]`, value }))

/** One JSON document, or one a line. A line that is none costs itself; a torn last one is not even an error. */
function parse(text: string, report: ReportBuilder): Document[] {
  if (text.length > IMPORT_LIMITS.text) {
    report.skip('file', `It has ${text.length} characters; at most ${IMPORT_LIMITS.text} can be imported.`)
    return []
  }
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text
  const whole = tryParse(plain)
  if (whole.ok)
    return Array.isArray(whole.value) ? inList(whole.value) : [{ path: 'run', value: whole.value }]
  const lines = plain.split(/\r?\n/)
  const parsed = lines.map((line, at) => ({ path: `line ${at + 1}`, line, ...tryParse(line) }))
  const good = parsed.filter(({ ok, value }) => ok && isObject(value))
  if (good.length === 0) {
    report.skip('file', `It is neither JSON nor JSON Lines: ${whole.reason}`)
    return []
  }
  for (const { path, line, ok, reason } of parsed)
    if (!ok && line.trim() !== '') report.skip(path, `It is not JSON: ${reason}`)
  return parsed.flatMap(({ path, ok, value }) => (ok ? [{ path, value }] : []))
}

function tryParse(text: string): { ok: boolean; value: unknown; reason: string } {
  try {
    return { ok: true, value: JSON.parse(text), reason: '' }
  } catch (error) {
    return {
      ok: false,
      value: null,
      reason: error instanceof Error ? error.message.slice(0, 200) : 'unreadable',
    }
  }
}

/** Fields by which a record without `_type` is known. */
const SIGNS = ['stages', 'workflow_id', 'child_runs', 'pending_nodes', 'checkpoints', 'transitions']

export function recordIn(content: Json): Found | null {
  if (!isObject(content)) return null
  const { replay } = content
  if (content['_type'] === 'harn_session_bundle' || isObject(replay)) {
    const record = isObject(replay) ? replay['run_record'] : null
    if (!isObject(record)) return null
    const { run_record: _record, ...rest } = isObject(replay) ? replay : {}
    return { record, bundle: { ...content, replay: rest } }
  }
  if (content['_type'] === 'run_record') return { record: content, bundle: null }
  const looksLike = content['_type'] === undefined && SIGNS.some((name) => Object.hasOwn(content, name))
  return looksLike ? { record: content, bundle: null } : null
}

function whatIsIt(content: Json): string {
  if (!isObject(content)) return 'It is not an object.'
  if (content['_type'] === 'harn_session_bundle' || isObject(content['replay']))
    return 'A session bundle without a run record in it.'
  if (typeof content['type'] === 'string')
    return 'An event of a session, not a run record: it is read as a session log.'
  const type = content['_type']
  return typeof type === 'string'
    ? `It is a “${type.slice(0, 60)}”, not a run record.`
    : 'It is not a run record of harn.'
}
