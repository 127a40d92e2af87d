package dev.moitessier.prscd;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/** Addresses to listen on. */
final class Hosts {
    private Hosts() {}

    /**
     * Both loopback addresses, where there is IPv6: a browser tries {@code ::1} first for "localhost", and over UDP it does not
     * try another.
     */
    static List<InetAddress> loopback() throws IOException {
        List<InetAddress> hosts = new ArrayList<>();
        hosts.add(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
        InetAddress six = InetAddress.getByAddress(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
        if (NetworkInterface.getByInetAddress(six) != null) {
            hosts.add(six);
        }
        return hosts;
    }

    /** All addresses of both families: the wildcard of IPv6 takes IPv4 as well. */
    static List<InetAddress> all() throws UnknownHostException {
        boolean six;
        try {
            six = NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .anyMatch(Inet6Address.class::isInstance);
        } catch (IOException e) {
            six = false;
        }
        return List.of(InetAddress.getByAddress(new byte[six ? 16 : 4]));
    }
}
