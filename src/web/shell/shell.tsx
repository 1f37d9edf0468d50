import { Outlet } from '@tanstack/react-router';
import { Toasts } from '../ui/toast.tsx';

export const Shell = () => (
  <>
    <Outlet />
    <Toasts />
  </>
);
