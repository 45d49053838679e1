/** Owns choosing the theme. */
import { useDispatch } from 'react-redux'
import { useViewPrefs } from 'run-ledger/react'
import { themeChosen } from 'run-ledger'
import type { ViewPrefs } from 'run-ledger'

const THEMES: readonly { value: ViewPrefs['theme']; label: string }[] = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
]

export function ThemeSwitch() {
  const { theme } = useViewPrefs()
  const dispatch = useDispatch()
  function choose(value: string): void {
    const chosen = THEMES.find((each) => each.value === value)
    if (chosen !== undefined) dispatch(themeChosen(chosen.value))
  }
  return (
    <select
      className="theme-switch"
      aria-label="Theme"
      data-testid="theme-switch"
      value={theme}
      onChange={({ target }) => choose(target.value)}
    >
      {THEMES.map(({ value, label }) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  )
}
