// Single-letter keys. What a key does stands in the page: data-key names the key of a link, button, summary or field, and pressing it does what a click there does (a field is
// focused). The script adds j, k and x in lists of suggestions, Escape, and Ctrl+Enter in a correction. Keys never work while somebody types, and can be switched off, as
// WCAG 2.1.4 asks; without this script every page works by mouse, Tab and Enter.
'use strict';
(() => {
  const root = document.documentElement;
  const setting = 'contextd.keys';
  const settling = 250; // ms in which nobody can have read the page: a key that is pressed twice decides about one suggestion, not about two
  let settled = 0;
  let sent = false;

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const visible = (e) => e.checkVisibility();
  const keyed = () => all('[data-key]').filter((e) => visible(e) && !e.disabled);
  const typing = (e) => e.matches?.('textarea, select, input:not([type=checkbox], [type=radio])') || e.isContentEditable;
  const on = () => root.classList.contains('keys');

  // read and keep the choice; a browser that refuses storage forgets it with the page
  const read = () => { try { return localStorage.getItem(setting) !== 'off'; } catch { return true; } };
  const keep = (yes) => { try { localStorage.setItem(setting, yes ? 'on' : 'off'); } catch { /* see above */ } };

  const hint = (text) => {
    const kbd = document.createElement('kbd');
    kbd.textContent = text;
    kbd.ariaHidden = 'true'; // aria-keyshortcuts says it
    return kbd;
  };

  const turn = (yes) => {
    root.classList.toggle('keys', yes);
    for (const e of all('[data-key]')) {
      if (yes) e.setAttribute('aria-keyshortcuts', e.dataset.key); else e.removeAttribute('aria-keyshortcuts');
    }
  };

  const press = (e) => {
    if (typing(e)) {
      e.focus();
      e.select?.();
    } else if (e.matches('summary')) { // opens and goes in; again only goes in
      e.parentElement.open = true;
      (all('button, textarea, input, select', e.parentElement).find(visible) ?? e).focus();
    } else {
      e.click();
    }
  };

  // what lists offer: the link of each row, the row that has the focus, and its tick
  const rows = () => all('[data-row]');
  const current = () => document.activeElement?.closest('.row')?.querySelector('[data-row]');
  const move = (step) => {
    const list = rows();
    const at = list.indexOf(current());
    const to = list[at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + step, 0), list.length - 1)];
    to.focus();
    to.closest('.row').scrollIntoView({ block: 'nearest' });
  };
  const tick = () => current()?.closest('.row').querySelector('input[type=checkbox]')?.click();

  const act = (key) => {
    if (rows().length > 0) {
      if (key === 'j') return move(1), true;
      if (key === 'k') return move(-1), true;
      if (key === 'x') return tick(), true;
    }
    const e = keyed().find((x) => x.dataset.key === key);
    if (!e) return false;
    if (e.type === 'submit' && !root.classList.contains('settled')) return true;
    if (e.form?.id === 'many' && e.type === 'submit' && !e.form.querySelector('input:checked')) tick();
    press(e);
    return true;
  };

  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.isComposing || event.repeat) return;
    if (key === 'Escape' && !document.querySelector('dialog[open]')) {
      if (typing(target)) target.blur(); else for (const d of all('details.menu[open]')) d.open = false;
      return;
    }
    if (key === 'Enter' && (event.ctrlKey || event.metaKey) && target.matches?.('.edit textarea')) {
      target.form.querySelector('.primary')?.click();
      return;
    }
    if (!on() || sent || event.ctrlKey || event.metaKey || event.altKey || typing(target) || document.querySelector('dialog[open]')) return;
    if (act(key.toLowerCase())) event.preventDefault();
  });

  // a form is sent once, also by a double click; a page that comes back from the browser's memory begins anew
  document.addEventListener('submit', (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener('pageshow', () => {
    sent = false;
    root.classList.remove('settled');
    clearTimeout(settled);
    settled = setTimeout(() => root.classList.add('settled'), settling);
  });

  // the list of this page's keys, made when it is opened
  const dialog = document.getElementById('keys');
  const opener = document.getElementById('keys-open');
  const list = dialog?.querySelector('dl');
  const line = (keys, text) => {
    const div = document.createElement('div'), dt = document.createElement('dt'), dd = document.createElement('dd');
    dt.append(...keys.map((k) => Object.assign(document.createElement('kbd'), { textContent: k })));
    dd.textContent = text;
    div.append(dt, dd);
    list.append(div);
  };
  const help = () => {
    list.replaceChildren();
    if (rows().length > 0) {
      line(['j', 'k'], 'Next, previous suggestion');
      line(['Enter'], 'Open it');
      if (document.querySelector('.row input[type=checkbox]')) line(['x'], 'Tick it');
    }
    const told = new Set();
    for (const e of all('[data-key]')) {
      const { key, keyWords } = e.dataset;
      const menu = e.closest('details.menu');
      if (told.has(key) || e === opener || menu && e.matches('button')) continue;
      told.add(key);
      const said = keyWords ?? e.firstChild.textContent.trim();
      const inside = e.matches('summary') ? all('button[data-key]', menu ?? e) : [];
      if (inside.length > 0) line([key, '1–' + inside.length], said + ': ' + inside.map((b) => b.firstChild.textContent.trim().toLowerCase()).join(', '));
      else line([key], said);
    }
    if (document.querySelector('.edit textarea')) line(['Ctrl', 'Enter'], 'Approve what you have corrected');
    line(['Esc'], 'Leave a field, close a menu');
    dialog.showModal();
  };

  for (const e of all('a[data-key], button[data-key], summary[data-key]')) e.append(hint(e.dataset.key));
  turn(read());
  if (dialog) {
    const box = dialog.querySelector('input');
    box.checked = on();
    box.addEventListener('change', () => { turn(box.checked); keep(box.checked); });
    opener.addEventListener('click', help);
    opener.hidden = false;
  }
})();
