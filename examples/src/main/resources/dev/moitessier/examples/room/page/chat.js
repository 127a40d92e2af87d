// What is said: shown in the log, and kept by nobody.

const KEPT = 200
const SAME_SPEAKER = 60_000
const TYPING_ENDS = 2500
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })

export const chat = ({ log, form, field, onSay, onTyping }) => {
  let last = {}
  let typing = false
  let timer

  const setTyping = (now) => {
    clearTimeout(timer)
    if (now) timer = setTimeout(() => setTyping(false), TYPING_ENDS)
    if (now !== typing) onTyping(now)
    typing = now
  }

  field.addEventListener('input', () => setTyping(field.value !== ''))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const text = field.value.trim()
    if (!text) return
    field.value = ''
    setTyping(false)
    onSay(text)
  })

  return {
    said(person, text) {
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
      const now = Date.now()
      const item = document.createElement('article')
      item.dataset.colour = person.colour
      if (last.id === person.id && last.name === person.name && now - last.at < SAME_SPEAKER) item.className = 'same'
      const line = item.appendChild(document.createElement('div'))
      line.className = 'line'
      const who = line.appendChild(document.createElement('span'))
      who.className = 'who'
      who.textContent = person.name
      const time = line.appendChild(document.createElement('time'))
      time.dateTime = new Date(now).toISOString()
      time.textContent = clock.format(now)
      item.appendChild(document.createElement('p')).textContent = text
      log.append(item)
      while (log.children.length > KEPT) log.firstChild.remove()
      if (atEnd) log.scrollTop = log.scrollHeight
      last = { id: person.id, name: person.name, at: now }
    },
    clear() {
      log.replaceChildren()
      last = {}
      setTyping(false)
    },
  }
}
