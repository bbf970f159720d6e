// The button of the order without profiling: in a page's menu, and on the page about its order.

function button(about, layout) {
  const [plain, says] = about.querySelectorAll('.al-plain,[role=status]');
  const say = (name) => { says.textContent = about.dataset[name]; };
  const show = ({ status }) => {
    plain.hidden = false;
    plain.ariaPressed = `${status === 'plain'}`;
  };
  plain.addEventListener('click', async () => {
    const on = plain.ariaPressed !== 'true';
    try {
      show(await layout.wish('plain', { on }));
      say(on ? 'on' : 'off');
    } catch (problem) {
      say(problem.isNobody ? 'nobody' : 'failed');
    }
  });
  return show;
}

// Within a page the element's client asks, so that the page follows.
function inPage(about) {
  const element = about.closest('adaptive-layout');
  const wish = (type, fields) => element.client.feedback(type, fields);
  const show = button(about, { wish });
  element.addEventListener('layout', ({ detail }) => show(detail));
  if (element.payload) show(element.payload);
}

async function onItsOwn(about) {
  const { api, surface } = about.dataset;
  const read = async (path, init) => {
    const answer = await fetch(api + path, init);
    const body = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(body.title), { isNobody: body.type?.endsWith('#nobody-signed-in') || body.type?.endsWith('#nobody-to-do-this-for') });
    return body;
  };
  let payload = await read(`layout?surface=${encodeURIComponent(surface)}`);
  const wish = async (type, fields) => {
    const { header, token } = await read('csrf');
    const body = JSON.stringify({ id: crypto.randomUUID?.() ?? `${Date.now()}`, at: new Date().toISOString(), type, decision: payload.decision, ...fields });
    payload = await read('feedback', { method: 'POST', body, headers: { 'Content-Type': 'application/json', [header]: token } });
    return payload;
  };
  button(about, { wish })(payload);
}

for (const about of document.querySelectorAll('.al-about')) {
  if (about.closest('adaptive-layout')) inPage(about);
  else onItsOwn(about);
}
