import { Outlet } from '@tanstack/react-router';

export const AdminPage = () => <Outlet />;
