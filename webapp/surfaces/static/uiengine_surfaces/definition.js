// Checks a surface's definition while it is typed, by the rules that saving applies, and shows the
// default layout it makes. The server does the checking; without JavaScript saving does.
const PAUSE = 400 // ms without a key before it asks

const box = document.getElementById('definition-check')
const text = document.getElementById('id_definition')
let waiting = 0
let asking = null

async function check() {
  asking?.abort()
  asking = new AbortController()
  const fields = new FormData()
  for (const name of ['definition', 'slug', 'mode', 'csrfmiddlewaretoken']) {
    fields.set(name, text.form.elements[name]?.value ?? '')
  }
  const says = box.querySelector('.says')
  try {
    const answer = await fetch(box.dataset.check, { method: 'POST', body: fields, signal: asking.signal })
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const said = page.querySelector('.says-now').textContent
    if (says.textContent !== said) says.textContent = said
    page.querySelector('.says-now').remove()
    box.querySelector('.checked').replaceChildren(...page.body.childNodes)
    box.dispatchEvent(new Event('checked'))
  } catch (error) {
    if (error.name === 'AbortError') return
    says.textContent = box.dataset.unchecked.replace('{problem}', () => error.message)
  }
}

if (box && text) {
  text.addEventListener('input', () => {
    clearTimeout(waiting)
    waiting = setTimeout(check, PAUSE)
  })
  if (text.value.trim()) check()
}
