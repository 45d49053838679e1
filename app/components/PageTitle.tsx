/** Owns the document's title: what needs a person comes first, since tabs show only a few letters. */
import { usePendingQuestions } from 'run-ledger/react'
import { needYou } from '../lib/needYou.ts'

export function PageTitle({ title }: { title: string }) {
  const waiting = needYou(usePendingQuestions().length)
  return (
    <title>{`${waiting === null ? '' : `${waiting.count} ${waiting.words} · `}${title} · Run Ledger`}</title>
  )
}
