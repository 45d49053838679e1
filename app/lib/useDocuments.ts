/** Owns the documents chosen for a question: what was taken, what was refused and why. */
import { useState } from 'react'
import { distinctNames } from '../research/names.ts'
import { readDocuments } from '../research/intake.ts'
import type { FileLike, RejectedFile } from '../research/intake.ts'
import type { ChosenDocument } from './startResearch.ts'

export interface DocumentChoice {
  documents: readonly ChosenDocument[]
  rejected: readonly RejectedFile[]
  reading: boolean
  addFiles(files: Promise<readonly FileLike[]> | readonly FileLike[]): Promise<void>
  addTexts(texts: readonly ChosenDocument[]): void
  remove(name: string): void
  clear(): void
}

export function useDocuments(): DocumentChoice {
  const [documents, setDocuments] = useState<readonly ChosenDocument[]>([])
  const [rejected, setRejected] = useState<readonly RejectedFile[]>([])
  const [reading, setReading] = useState(false)

  return {
    documents,
    rejected,
    reading,

    async addFiles(files) {
      setReading(true)
      setRejected([])
      try {
        const intake = await readDocuments(await files)
        setDocuments((before) => merged(before, intake.accepted))
        setRejected(intake.rejected)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        setRejected([{ name: 'Files', reason }])
      } finally {
        setReading(false)
      }
    },

    addTexts(texts) {
      setRejected([])
      setDocuments((before) => merged(before, texts))
    },

    remove(name) {
      setDocuments((before) => before.filter((document) => document.name !== name))
    },

    clear() {
      setDocuments([])
      setRejected([])
    },
  }
}

/** The same file chosen twice is one document; two files of one name are two. */
function merged(
  before: readonly ChosenDocument[],
  added: readonly ChosenDocument[],
): readonly ChosenDocument[] {
  const fresh = added.filter(
    ({ name, text }) => !before.some((one) => one.name === name && one.text === text),
  )
  const all = [...before, ...fresh]
  const names = distinctNames(all.map(({ name }) => name))
  return all.map(({ name, text }, at) => ({ name: names[at] ?? name, text }))
}
