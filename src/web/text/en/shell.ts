export const shell = {
  title: 'Shell',
};
