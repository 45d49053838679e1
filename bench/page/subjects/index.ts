/** Every way of keeping events, by the name the tables use. */
import type { OpenSubject } from '../subject.ts'
import { openBareSegments } from './bareSegments.ts'
import { openDexie } from './dexie.ts'
import { openLocalForage } from './localForage.ts'
import { openNone } from './none.ts'
import { openOpfsLog } from './opfsLog.ts'
import { openOurs } from './ours.ts'
import { openRawIndexedDb } from './rawIndexedDb.ts'
import { openReduxPersist } from './reduxPersist.ts'

const SUBJECTS: Record<string, OpenSubject> = {
  none: openNone,
  ours: openOurs({ stored: true }),
  unstored: openOurs({ stored: false }),
  raw: openRawIndexedDb,
  dexie: openDexie,
  persist0: openReduxPersist(0),
  persist100: openReduxPersist(100),
  localforage: openLocalForage,
  bare: openBareSegments,
  opfs: openOpfsLog,
}

export function subjectNamed(name: string): OpenSubject {
  const open = SUBJECTS[name]
  if (open === undefined) throw new Error(`no subject ${name}`)
  return open
}
