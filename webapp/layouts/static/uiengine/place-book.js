(({ parentNode: page, previousElementSibling: boot }) => {
  const { on, hash, ids, lists } = JSON.parse(boot.text).book;
  const jar = (name) => document.cookie.match(`\\blayout_${name}_${on}=([^;]+)`)?.[1];
  const token = self.layoutTokens?.[on] ?? jar('byte') ?? jar('next') ?? '';
  const [byte, book] = (token || `0.${hash}`).split('.'), key = [byte, book, ids], n = ids.length;
  let found;
  try {
    found = JSON.parse(localStorage[`al-${on}`] ?? 0)[key];
  } catch {}
  if (book === hash) found = lists.map((list) => list.substr(byte * n, n));
  if (found) {
    const [order, ...lines] = found, code = (text, i) => text.charCodeAt(i) - 48;
    const all = ids.map((id) => page.querySelector(`[data-block="${id}"]`));
    all.map(({ style }, i) => lines.map((line, k) => style.setProperty(`--al${k}`, code(line, i))));
    all[0].parentNode.append(...all.map((_, i) => all[code(order, i)]));
  }
  page.placed = { key, found };
  page.dataset.token = found ? token : '-';
})(document.currentScript);
