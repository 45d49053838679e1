/** Owns keys that work anywhere on a page, unless the person is typing somewhere. */
import { useEffect } from 'react'
import { isTyping } from './keys.ts'

/** Keys 1–9 choose one of so many. */
export function useNumberKeys(options: number, choose: (index: number) => void): void {
  useKeys(options > 0, ({ key }) => {
    const index = Number(key) - 1
    if (!Number.isInteger(index) || index < 0 || index >= Math.min(options, 9)) return false
    choose(index)
    return true
  })
}

/** `j`, `k` and the arrows move; among radio buttons the arrows choose, as ever. */
export function useStepKeys(active: boolean, step: (by: 1 | -1) => void): void {
  useKeys(active, ({ key, target }) => {
    const isArrow = key === 'ArrowDown' || key === 'ArrowUp'
    if (isArrow && target instanceof HTMLInputElement) return false
    if (key === 'j' || key === 'ArrowDown') step(1)
    else if (key === 'k' || key === 'ArrowUp') step(-1)
    else return false
    return true
  })
}

function useKeys(active: boolean, take: (event: KeyboardEvent) => boolean): void {
  useEffect(() => {
    if (!active) return
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (take(event)) event.preventDefault()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  })
}
