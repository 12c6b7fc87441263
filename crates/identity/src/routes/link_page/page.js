'use strict';
// What a link by mail opens. The token comes behind the '#', is taken out of the address at once, and is used only when
// the button is pressed.
(() => {
  const page = location.pathname.split('/').pop();
  const token = location.hash.slice(1);
  history.replaceState(null, '', location.pathname);

  const words = {
    'pt-BR': {
      'magic-link': ['Entrar no Balcao', 'Entrar', 'Você entrou. Já pode fechar esta página.'],
      'verify-email': ['Confirmar o e-mail', 'Confirmar', 'O e-mail está confirmado.'],
      'change-email': ['Confirmar o novo e-mail', 'Confirmar', 'O novo e-mail está confirmado.'],
      'undo-email-change': ['Desfazer a troca de e-mail', 'Desfazer', 'A troca foi desfeita.'],
      'reset-password': ['Escolher uma nova senha', 'Salvar', 'A senha foi trocada. Entre de novo.'],
      invitation: ['Aceitar o convite', 'Aceitar', 'O convite foi aceito. Já pode fechar esta página.'],
      name: 'Nome', password: 'Senha',
      second: 'Falta o segundo fator: entre pelo aplicativo.',
      invalid: 'Este link não é válido ou já foi usado. Peça um novo.',
      failed: 'Não deu certo. Tente de novo daqui a pouco.',
    },
    en: {
      'magic-link': ['Sign in to Balcao', 'Sign in', 'You are signed in. You may close this page.'],
      'verify-email': ['Confirm the e-mail address', 'Confirm', 'The address is confirmed.'],
      'change-email': ['Confirm the new e-mail address', 'Confirm', 'The new address is confirmed.'],
      'undo-email-change': ['Take the change of address back', 'Take it back', 'The change was taken back.'],
      'reset-password': ['Choose a new password', 'Save', 'The password is changed. Please sign in again.'],
      invitation: ['Accept the invitation', 'Accept', 'The invitation is accepted. You may close this page.'],
      name: 'Name', password: 'Password',
      second: 'A second factor is needed: sign in from the application.',
      invalid: 'This link is not valid or was used already. Ask for a new one.',
      failed: 'That did not work. Try again in a moment.',
    },
    es: {
      'magic-link': ['Entrar en Balcao', 'Entrar', 'Ya entró. Puede cerrar esta página.'],
      'verify-email': ['Confirmar el correo', 'Confirmar', 'El correo está confirmado.'],
      'change-email': ['Confirmar el nuevo correo', 'Confirmar', 'El nuevo correo está confirmado.'],
      'undo-email-change': ['Deshacer el cambio de correo', 'Deshacer', 'El cambio fue deshecho.'],
      'reset-password': ['Elegir una nueva contraseña', 'Guardar', 'La contraseña fue cambiada. Entre de nuevo.'],
      invitation: ['Aceptar la invitación', 'Aceptar', 'La invitación fue aceptada. Puede cerrar esta página.'],
      name: 'Nombre', password: 'Contraseña',
      second: 'Falta el segundo factor: entre desde la aplicación.',
      invalid: 'Este enlace no es válido o ya fue usado. Pida uno nuevo.',
      failed: 'No funcionó. Inténtelo de nuevo en un momento.',
    },
  };
  const wanted = (navigator.languages || [navigator.language]).map((tag) => tag.slice(0, 2).toLowerCase());
  const language = { pt: 'pt-BR', en: 'en', es: 'es' }[wanted.find((tag) => ['pt', 'en', 'es'].includes(tag))] || 'pt-BR';
  const say = words[language];
  const by = (id) => document.getElementById(id);
  document.documentElement.lang = language;

  const calls = {
    'magic-link': ['/api/auth/magic-link/exchange', () => ({ token, transport: 'cookie' })],
    'verify-email': ['/api/auth/verify-email', () => ({ token })],
    'change-email': ['/api/auth/verify-email', () => ({ token })],
    'undo-email-change': ['/api/auth/email-change/undo', () => ({ token })],
    'reset-password': ['/api/auth/password/reset', () => ({ token, password: by('password').value })],
    invitation: ['/api/invitations/accept', () => {
      const body = { token };
      if (by('name').value) body.name = by('name').value;
      if (by('password').value) body.password = by('password').value;
      return body;
    }],
  };
  const post = (path, body) => fetch(path, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), redirect: 'error',
  });
  const show = (text) => { by('outcome').textContent = text; };

  async function prepare() {
    const [title, button] = say[page];
    by('title').textContent = document.title = title;
    by('button').textContent = button;
    by('name-label').textContent = say.name;
    by('password-label').textContent = say.password;
    if (!token) return show(say.invalid);
    if (page === 'reset-password') by('password-field').hidden = false;
    if (page === 'invitation') {
      const answer = await post('/api/invitations/lookup', { token });
      if (!answer.ok) return show(answer.status === 400 ? say.invalid : say.failed);
      const found = await answer.json();
      by('text').textContent = (found.organization && found.organization.name) || '';
      by('name-field').hidden = by('password-field').hidden = found.password_required === false;
    }
    by('form').hidden = false;
  }

  by('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    by('button').disabled = true;
    const [path, body] = calls[page];
    try {
      const answer = await post(path, body());
      const problem = answer.status === 204 ? {} : await answer.json();
      if (answer.ok) {
        by('form').hidden = true;
        return show(problem.status === 'mfa_required' ? say.second : say[page][2]);
      }
      show(problem.code === 'LINK_INVALID' ? say.invalid : problem.detail || say.failed);
    } catch {
      show(say.failed);
    }
    by('button').disabled = false;
  });
  prepare().catch(() => show(say.failed));
})();
