/** Owns which card of a list the keys are for: it moves by key, follows the focus, and goes on when its card is gone. */
import { useEffect, useRef, useState } from 'react'
import type { RefObject } from 'react'
import { useStepKeys } from './shortcuts.ts'

interface Cards {
  list: RefObject<HTMLOListElement | null>
  /** Its id; null when there are no cards. */
  active: string | null
  focus: (id: string) => void
}

export function useCards(items: readonly { id: string }[]): Cards {
  const list = useRef<HTMLOListElement>(null)
  const [chosen, setChosen] = useState<{ id: string; index: number } | null>(null)
  const found = items.findIndex(({ id }) => id === chosen?.id)
  // Where the card was there is the next one now.
  const index = found >= 0 ? found : Math.min(chosen?.index ?? 0, items.length - 1)
  const active = items[index]?.id ?? null

  const hadFocus = useRef(false)
  useEffect(() => {
    const isInside = list.current?.contains(document.activeElement) === true
    // An answered card takes the focus with it.
    if (hadFocus.current && !isInside && document.activeElement === document.body) {
      cardAt(list.current, index)?.focus()
    }
    hadFocus.current = list.current?.contains(document.activeElement) === true
  })

  const focus = (id: string): void => setChosen({ id, index: items.findIndex((item) => item.id === id) })
  useStepKeys(items.length > 1, (by) => {
    const next = Math.max(0, Math.min(items.length - 1, index + by))
    const card = cardAt(list.current, next)
    card?.focus({ preventScroll: true })
    card?.scrollIntoView({ block: 'nearest' })
  })
  return { list, active, focus }
}

const cardAt = (list: HTMLOListElement | null, index: number): HTMLElement | null =>
  (list?.children[index] as HTMLElement | undefined) ?? null
