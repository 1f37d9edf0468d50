export const viewer = {
  title: 'Viewer',
};
