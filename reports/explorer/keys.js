(() => {
  'use strict';
  const count = document.querySelectorAll('#next a[data-n]').length;
  const typed = document.getElementById('typed');
  let digits = '', timer = 0;
  const forget = () => { clearTimeout(timer); digits = ''; if (typed) typed.textContent = ''; };
  const follow = (selector) => { forget(); const a = document.querySelector(selector); if (a) a.click(); };
  const choose = () => follow('#next a[data-n="' + Number(digits) + '"]');
  addEventListener('pageshow', forget);
  addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest && e.target.closest('input')) return;
    if (/^[0-9]$/.test(e.key)) {
      clearTimeout(timer);
      digits += e.key;
      if (Number(digits) >= count) return forget();
      if (digits === '0' || Number(digits) * 10 >= count) return choose();
      typed.textContent = digits + ' …'; // a longer number may be meant
      timer = setTimeout(choose, 800);
    } else if (e.key === 'Enter' && digits) {
      e.preventDefault();
      choose();
    } else if (e.key === 'Backspace') {
      e.preventDefault();
      follow('#back');
    } else if (e.key === 'Escape') {
      forget();
    }
  });
})();
