/**
 * Owns what of a batch becomes which records beside its events: the plain puts of its transaction.
 */
import { unwrap } from 'idb'
import type { LogRecord } from '../core/entities.ts'
import type { LedgerBatch } from './port.ts'
import { toRow } from './rows.ts'
import type { LedgerTransaction, STORES } from './schema.ts'
import { storeOf } from './schema.ts'

/** Nobody waits for a put: one that fails aborts the transaction, and that is awaited. */
export function putAll(
  tx: LedgerTransaction<'readwrite'>,
  batch: LedgerBatch,
  rows: readonly LogRecord[],
): void {
  const plain = unwrap(tx)
  const store = (name: (typeof STORES)[number]): IDBObjectStore => plain.objectStore(name)
  for (const record of rows) store(storeOf(record.log)).put(toRow(record), record.log)
  for (const { ref, text } of batch.blobs) store('blobs').put(text, ref)
  for (const cursor of batch.cursors) store('streams').put(cursor, cursor.stream)
  for (const command of batch.commands) store('commands').put(command, command.id)
}
