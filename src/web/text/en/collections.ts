export const collections = {
  title: 'Collections',
};
