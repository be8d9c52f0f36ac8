"""What a new controller needs of the old one: inventory, secrets of the cluster, known hosts, results of the runs."""
