/** Owns the choices of a question, each with the number key that chooses it. */
import { visible } from '../lib/visible.ts'

export interface AnswerOption {
  value: string
  label: string
  description: string | null
}

interface AnswerOptionsProps {
  /** Of the group of radio buttons, unique on the page. */
  name: string
  options: readonly AnswerOption[]
  value: string
  onChoose: (value: string) => void
}

export function AnswerOptions({ name, options, value, onChoose }: AnswerOptionsProps) {
  return (
    <div className="options">
      {options.map((option, index) => (
        <label key={option.value} className="option" data-testid="answer-option">
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={value === option.value}
            onChange={() => onChoose(option.value)}
          />
          <span className="option-text">
            <span>{visible(option.label)}</span>
            {option.description !== null && <small>{visible(option.description)}</small>}
          </span>
          {index < 9 && <kbd aria-hidden="true">{index + 1}</kbd>}
        </label>
      ))}
    </div>
  )
}
