// Who is here: oneself first, then the others in the order of their names.

const initials = (name) => {
  const words = name.trim().split(/\s+/)
  return [...(words[0] ?? '')].slice(0, 1).concat([...(words[1] ?? '')].slice(0, 1)).join('').toUpperCase() || '?'
}

/** What a peer shows, with something sensible for what it does not: any client may be in the room. */
export const shown = ({ id, name, colour, away, typing, node }) => ({
  id,
  name: typeof name === 'string' && name.trim() ? name.trim().slice(0, 24) : 'Somebody',
  colour: Number.isInteger(colour) && colour >= 0 && colour < 8 ? colour : 0,
  away: away === true,
  typing: typing === true,
  node: typeof node === 'string' ? node : '',
})

export const peopleList = ({ list, count, typing, announce, onSelf }) => {
  const rows = new Map()
  let known

  const row = (person, isSelf) => {
    const item = document.createElement('li')
    const line = item.appendChild(document.createElement(isSelf ? 'button' : 'div'))
    for (const part of ['face', 'who', 'how']) {
      line.appendChild(document.createElement('span')).className = part
    }
    line.firstChild.setAttribute('aria-hidden', 'true')
    if (isSelf) {
      line.type = 'button'
      line.title = 'Change your name or colour'
      line.addEventListener('click', onSelf)
    }
    return item
  }

  const show = (item, person, isSelf, nodes) => {
    const line = item.firstChild
    const [face, who, how] = line.children
    line.className = person.away ? 'person away' : 'person'
    line.dataset.colour = person.colour
    face.textContent = initials(person.name)
    who.textContent = person.name
    const where = nodes > 1 && person.node ? person.node : ''
    how.textContent = isSelf ? 'you' : person.typing ? 'typing…' : person.away ? 'away' : where
  }

  const tellChanges = (others) => {
    const now = new Map(others.map((person) => [person.id, person.name]))
    if (known) {
      const came = others.filter((person) => !known.has(person.id)).map((person) => person.name)
      const left = [...known].filter(([id]) => !now.has(id)).map(([, name]) => name)
      const words = []
      if (came.length) words.push(came.length > 3 ? `${came.length} people came` : `${came.join(', ')} came`)
      if (left.length) words.push(left.length > 3 ? `${left.length} people left` : `${left.join(', ')} left`)
      if (words.length) announce(words.join('. '))
    }
    known = now
  }

  return {
    update(self, others) {
      const sorted = [...others].sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1))
      const nodes = new Set([self, ...others].map((person) => person.node).filter(Boolean)).size
      const all = [self, ...sorted]
      for (const [id, item] of rows) {
        if (!all.some((person) => person.id === id)) {
          item.remove()
          rows.delete(id)
        }
      }
      all.forEach((person, i) => {
        if (!rows.has(person.id)) rows.set(person.id, row(person, person === self))
        const item = rows.get(person.id)
        show(item, person, person === self, nodes)
        item.style.setProperty('--place', i)
        // The order for those who do not see it.
        if (list.children[i] !== item) list.insertBefore(item, list.children[i] ?? null)
      })
      list.style.setProperty('--people', all.length)
      count.textContent = all.length
      const writing = sorted.filter((person) => person.typing).map((person) => person.name)
      typing.textContent =
        writing.length === 0 ? '' : writing.length === 1 ? `${writing[0]} is typing…` : `${writing.slice(0, 2).join(' and ')}${writing.length > 2 ? ' and others' : ''} are typing…`
      tellChanges(sorted)
    },
    forget() {
      known = undefined
    },
  }
}
